import{r as e}from"./rolldown-runtime-XKyaHtl9.js";import{a as t,c as n,d as r,f as i,i as a,l as o,n as s,o as c,p as l,r as u,s as d,t as ee,u as te}from"./vendor-DHkBkMlm.js";import{$ as ne,ct as re,nt as ie,ot as ae,rt as f,st as p}from"./monaco-xUjbNq5g.js";var{nonce:m}=document.querySelector(`meta[property=csp-nonce]`),h=document.createElement;document.createElement=function(e,t){let n=h.call(this,e,t);return n instanceof HTMLStyleElement&&(n.nonce=m),n},self.MonacoEnvironment={getWorker(e,t){return t===`json`?new p:t===`graphql`?new ae:new re}};var g=i(),_=e(l(),1),v=`meritbook:token`,oe=`query Viewer { viewer { employee { name title } permissions } }`,y=sessionStorage.getItem(v),b={is:`signed out`},x=new Set;function S(e){b=e;for(let e of x)e()}function C(e){y=e,e===null?sessionStorage.removeItem(v):sessionStorage.setItem(v,e)}function w(){return y===null?{}:{authorization:`Bearer ${y}`}}async function se(e){let t=e.trim().replace(/^authorization:\s*/i,``).replace(/^bearer\s+/i,``);/^[\w.~+/-]+=*$/.test(t)?(C(t),await E(`This token is not valid, or not any more.`)):S({is:`signed out`,because:`That is not a token: it is one line of letters, digits, dots and dashes.`})}function T(){C(null),S({is:`signed out`})}async function E(e=`Your token is not valid any more. Sign in again.`){let t=y;if(t===null)return;b.is===`signed out`&&S({is:`checking`});let{data:n,errors:r}=await j({query:oe});if(y!==t)return;let i=n?.viewer;if(i){let{name:e,title:t}=i.employee??{name:`Somebody`,title:`who is not an employee`};S({is:`signed in`,person:{name:e,title:t,permissions:i.permissions}})}else{C(null);let t=r?.[0]?.extensions?.code;S({is:`signed out`,because:t===`UNAUTHENTICATED`?e:r?.[0]?.message})}}function D(){b.is===`signed in`&&E()}function O(e){return x.add(e),()=>x.delete(e)}var k=()=>(0,_.useSyncExternalStore)(O,()=>b),A=new URL(location.pathname,location.origin);async function j(e){let t={method:`POST`,body:JSON.stringify(e),headers:{accept:`application/graphql-response+json, application/json;q=0.9`,"content-type":`application/json`,...w()},credentials:`same-origin`,redirect:`error`},n;try{n=await fetch(A,t)}catch{return{errors:[{message:`The server can't be reached.`}]}}let r=await n.text();try{return JSON.parse(r)}catch{return{errors:[{message:`The server answered ${n.status} ${n.statusText}: ${r.slice(0,200)}`}]}}}var M=ee({url:A.href.replace(/^http/,`ws`),connectionParams:w,retryAttempts:0}),N=async e=>{let t={...e,operationName:F(e)};if(I(t))return P(t);let n=await j(t);return n.errors?.some(({extensions:e})=>e?.code===`UNAUTHENTICATED`)&&D(),n};async function*P(e){try{yield*M.iterate(e)}catch(e){let{reason:t}=e;yield{errors:Array.isArray(e)?e:[{message:t||`The connection was lost.`}]}}}function F({query:e,operationName:t}){let n=L(e).map(({name:e})=>e?.value);return n.length===0||n.includes(t??void 0)?t:n[0]}function I({query:e,operationName:t}){return L(e).find(({name:e})=>!t||e?.value===t)?.operation===f.SUBSCRIPTION}function L(e){try{return ne(e).definitions.filter(e=>e.kind===ie.OPERATION_DEFINITION)}catch{return[]}}var R={light:`meritbook-light`,dark:`meritbook-dark`},z={light:{base:`vs`,accent:`#0b7a75`,back:`#ffffff`,field:`#3b4b6811`,text:`#444444`,argument:`#6c69ce`},dark:{base:`vs-dark`,accent:`#45c4bc`,back:`#212a3b`,field:`#b7c2d711`,text:`#ffffff`,argument:`#908aff`}},B=[`textLink.foreground`,`textLink.activeForeground`,`editorLink.activeForeground`,`list.highlightForeground`,`list.focusHighlightForeground`,`editorSuggestWidget.selectedForeground`,`focusBorder`,`editorWidget.resizeBorder`,`pickerGroup.foreground`,`menu.selectionForeground`],V=[`list.hoverBackground`,`editorSuggestWidget.selectedBackground`,`toolbar.hoverBackground`,`inputOption.hoverBackground`,`quickInputList.focusBackground`,`menu.selectionBackground`],H=[`editorHoverWidget.background`,`menu.background`,`editorSuggestWidget.background`,`quickInput.background`,`editorWidget.background`],U=(e,t)=>Object.fromEntries(e.map(e=>[e,t]));function W(){let e=n(e=>e.theme),t=te(e=>e.monaco),{setTheme:r}=o();(0,_.useEffect)(()=>{if(t){for(let[e,{base:n,accent:r,back:i,field:a,text:o,argument:s}]of Object.entries(z))t.editor.defineTheme(R[e],{base:n,inherit:!0,rules:[{token:`argument.identifier.gql`,foreground:s}],colors:{...U([`editor.background`,`scrollbar.shadow`],`#ffffff00`),...U(B,r),...U(V,`${r}19`),...U(H,i),"input.background":a,"quickInputList.focusForeground":o}});r(e)}},[t]),(0,_.useEffect)(()=>{let t=matchMedia(`(prefers-color-scheme: dark)`),n=()=>e===null&&r(null);return t.addEventListener(`change`,n),()=>t.removeEventListener(`change`,n)},[e,r])}var G=`# Who am I?
# Who is signed in, and what they may do.
# Nobody yet? Sign in above, with a token that
# the demo printed when it started.

query Viewer {
  viewer {
    employee {
      name
      title
      department {
        name
      }
      manager {
        name
      }
    }
    permissions
  }
}
`,K=`# Leaderboard
# Who won most in a quarter. Everybody sees who
# stands where; fewer see with how much.

query Leaderboard($period: String!) {
  leaderboard(metric: WON_AMOUNT, period: $period, first: 10) {
    period
    currency
    entries {
      rank
      employee {
        name
        department {
          name
        }
      }
      value
      target
      attainment
    }
  }
}
`,ce=`{ "period": "2017-Q2" }
`,le=`# A payout run, explained
# Who is paid what for a quarter, and why: the deals,
# the tiers they reached, what each tier earned. Payroll
# and compliance see all of it, agents their own line.

query PayoutRun($period: String!) {
  payoutRun(period: $period) {
    status
    plan {
      name
    }
    total {
      amount
      currency
    }
    approvedBy {
      name
    }
    lines(first: 3, orderBy: [{ field: AMOUNT, direction: DESC }]) {
      edges {
        node {
          employee {
            name
          }
          amount {
            amount
            currency
          }
          explanation {
            credited {
              amount
            }
            attainment
            legs {
              start
              end
              rate
              earned {
                amount
              }
            }
            exact
            rounding
            deals {
              closedOn
              amount {
                amount
              }
              workItem {
                title
              }
            }
          }
        }
      }
    }
  }
}
`,ue=`{ "period": "2017-Q2" }
`,de=`# What happened to somebody
# Every fact recorded about an employee: what, by whom,
# when and why. Everybody sees their own; compliance all,
# told what is withheld of it. Facts never change.

query History($number: String!) {
  employeeByNumber(number: $number) {
    name
    title
    department {
      name
    }
    history(first: 20) {
      edges {
        node {
          position
          topic
          effective
          at
          actor {
            name
          }
          reason
          data
          redacted
        }
      }
    }
  }
}
`,fe=`{ "number": "E-020" }
`,pe=`# A command that is refused
# This run is paid already, so nobody calculates it anew.
# A refusal is an answer like any other: its code says
# which rule, its message why, and nothing has happened.

mutation Refused($input: CalculatePayoutRunInput!) {
  calculatePayoutRun(input: $input) {
    __typename
    ... on CalculatePayoutRunPayload {
      position
      payoutRun {
        status
      }
    }
    ... on Refused {
      code
      message
      path
      currentVersion
    }
  }
}
`,me=`{
  "input": {
    "id": "PayoutRun_51209416-abc4-56d1-b745-c9145e52dbea"
  }
}
`,q=r(),J=Object.assign({"./examples/1-viewer.graphql":G,"./examples/2-leaderboard.graphql":K,"./examples/2-leaderboard.json":ce,"./examples/3-payout-run.graphql":le,"./examples/3-payout-run.json":ue,"./examples/4-history.graphql":de,"./examples/4-history.json":fe,"./examples/5-refused.graphql":pe,"./examples/5-refused.json":me});function he(e){let t=J[e],[n,...r]=t.split(`
`).filter(e=>e.startsWith(`# `)).map(e=>e.slice(2));return{title:n,says:r.join(` `),query:t,variables:J[e.replace(/graphql$/,`json`)]??``}}var Y=Object.keys(J).filter(e=>e.endsWith(`.graphql`)).sort().map(he);function ge(){let{addTab:e}=o(),t=n(e=>e.queryEditor),r=n(e=>e.variableEditor);function i({query:n,variables:i}){e(),t?.setValue(n),r?.setValue(i),t?.focus()}return(0,q.jsxs)(`section`,{className:`examples`,"aria-label":`Examples`,children:[(0,q.jsx)(`div`,{className:`graphiql-doc-explorer-title`,children:`Examples`}),(0,q.jsx)(`p`,{children:`Operations on the demo’s data. Each opens in a tab of its own, and runs with Ctrl-Enter.`}),(0,q.jsx)(`ul`,{children:Y.map(e=>(0,q.jsx)(`li`,{children:(0,q.jsxs)(d,{type:`button`,onClick:()=>i(e),children:[(0,q.jsx)(`strong`,{children:e.title}),(0,q.jsx)(`span`,{children:e.says})]})},e.title))})]})}function _e(){return(0,q.jsxs)(`svg`,{viewBox:`0 0 20 20`,fill:`none`,stroke:`currentColor`,strokeWidth:`1.5`,strokeLinecap:`round`,"aria-hidden":`true`,children:[(0,q.jsx)(`rect`,{x:`3`,y:`3`,width:`14`,height:`14`,rx:`2`}),(0,q.jsx)(`path`,{d:`M6.5 7.5h7M6.5 10.5h7M6.5 13.5h4`})]})}var ve={title:`Examples`,icon:_e,content:ge};function ye(){let e=k(),[n,r]=(0,_.useState)(!1),i=(0,_.useRef)(e.is);return(0,_.useEffect)(()=>{i.current!==`signed in`&&e.is===`signed in`&&r(!1),i.current=e.is},[e.is]),(0,q.jsxs)(q.Fragment,{children:[(0,q.jsx)(`h1`,{children:`Meritbook`}),e.is===`signed in`?(0,q.jsxs)(d,{type:`button`,className:`who`,onClick:()=>r(!0),"aria-haspopup":`dialog`,children:[(0,q.jsx)(`span`,{className:`initials`,"aria-hidden":`true`,children:Se(e.person.name)}),(0,q.jsx)(`span`,{className:`name`,children:e.person.name}),(0,q.jsx)(`span`,{className:`title`,children:e.person.title})]}):(0,q.jsx)(c,{type:`button`,className:`primary`,onClick:()=>r(!0),"aria-haspopup":`dialog`,children:e.is===`checking`?`Signing in …`:`Sign in`}),(0,q.jsx)(t,{open:n,onOpenChange:r,children:e.is===`signed in`?(0,q.jsx)(xe,{person:e.person,done:()=>r(!1)}):(0,q.jsx)(be,{busy:e.is===`checking`,because:e.is===`signed out`?e.because:void 0})})]})}function be({busy:e,because:n}){let[r,i]=(0,_.useState)(``);function a(e){e.preventDefault(),se(r)}function o(e){e.key===`Enter`&&!e.shiftKey&&a(e)}return(0,q.jsxs)(`form`,{className:`sign-in`,onSubmit:a,children:[(0,q.jsx)(X,{title:`Sign in`}),(0,q.jsx)(t.Description,{asChild:!0,children:(0,q.jsx)(`p`,{children:`Paste a bearer token. It stays in this tab of your browser, and is forgotten when you close it or sign out.`})}),(0,q.jsxs)(`label`,{children:[`Token`,(0,q.jsx)(`textarea`,{value:r,onChange:e=>i(e.currentTarget.value),onKeyDown:o,rows:5,placeholder:`eyJ…`,autoComplete:`off`,autoCapitalize:`off`,spellCheck:!1,autoFocus:!0,required:!0,"aria-invalid":n!==void 0,"aria-describedby":`refused`})]}),(0,q.jsx)(`p`,{id:`refused`,role:`alert`,children:n}),(0,q.jsxs)(`p`,{className:`hint`,children:[`The demo prints tokens when it starts, one for each role. For anybody else:`,` `,(0,q.jsx)(`code`,{children:`.venv/bin/meritbook token NUMBER`})]}),(0,q.jsx)(`div`,{className:`buttons`,children:(0,q.jsx)(c,{type:`submit`,className:`primary`,disabled:e,children:e?`Signing in …`:`Sign in`})})]})}function xe({person:e,done:n}){return(0,q.jsxs)(`div`,{className:`sign-in`,children:[(0,q.jsx)(X,{title:e.name}),(0,q.jsx)(t.Description,{asChild:!0,children:(0,q.jsx)(`p`,{children:e.title})}),(0,q.jsx)(`h3`,{id:`permissions`,children:`May`}),e.permissions.length===0?(0,q.jsx)(`p`,{className:`hint`,children:`What every member of staff may, and no more.`}):(0,q.jsx)(`ul`,{className:`permissions`,"aria-labelledby":`permissions`,children:e.permissions.map(e=>(0,q.jsx)(`li`,{children:e},e))}),(0,q.jsx)(`div`,{className:`buttons`,children:(0,q.jsx)(c,{type:`button`,onClick:()=>{n(),T()},children:`Sign out`})})]})}function X({title:e}){return(0,q.jsxs)(`div`,{className:`header`,children:[(0,q.jsx)(t.Title,{className:`graphiql-dialog-title`,children:e}),(0,q.jsx)(t.Close,{})]})}function Se(e){let t=e.split(/\s+/).filter(Boolean);return(t.length>1?[t[0],t[t.length-1]]:t).map(e=>[...e][0]).join(``)}var Z=[ve,u],Q=new URLSearchParams(location.search),$=Q.get(`query`)?[{query:Q.get(`query`),variables:Q.get(`variables`)}]:[],Ce=[...$,...Y.map(({query:e,variables:t})=>({query:e,variables:t}))];function we(){return(0,q.jsx)(s,{fetcher:N,plugins:Z,referencePlugin:a,editorTheme:R,defaultTabs:Ce,initialQuery:$[0]?.query??void 0,initialVariables:$[0]?.variables??void 0,defaultEditorToolsVisibility:`variables`,isHeadersEditorEnabled:!1,showPersistHeadersSettings:!1,schemaDescription:!0,inputValueDeprecation:!0,children:(0,q.jsxs)(s.Logo,{children:[(0,q.jsx)(ye,{}),(0,q.jsx)(Te,{})]})})}function Te(){let e=n(e=>e.schema),{introspect:t}=o(),{is:r}=k();return W(),(0,_.useEffect)(()=>{r===`signed in`&&!e&&t()},[r]),null}E(),(0,g.createRoot)(document.getElementById(`page`)).render((0,q.jsx)(we,{}));