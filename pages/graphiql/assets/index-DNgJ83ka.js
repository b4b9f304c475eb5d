import{r as e}from"./rolldown-runtime-XKyaHtl9.js";import{a as t,c as n,d as r,f as i,i as a,l as o,n as s,o as c,r as ee,s as l,t as u,u as d}from"./vendor-OmGgDUHR.js";import{$ as f,at as p,nt as te,ot as m,st as h}from"./monaco-CZRBkqWK.js";var{nonce:ne}=document.querySelector(`meta[property=csp-nonce]`),re=document.createElement;document.createElement=function(e,t){let n=re.call(this,e,t);return n instanceof HTMLStyleElement&&(n.nonce=ne),n},self.MonacoEnvironment={getWorker(e,t){return t===`json`?new m:t===`graphql`?new p:new h}};var ie=r(),g=e(i(),1),_=`meritbook:token`,v=`query Viewer { viewer { employee { name title } permissions } }`,y=sessionStorage.getItem(_),b={is:`signed out`},x=new Set;function S(e){b=e;for(let e of x)e()}function C(e){y=e,e===null?sessionStorage.removeItem(_):sessionStorage.setItem(_,e)}function ae(){return y===null?{}:{authorization:`Bearer ${y}`}}async function w(e){let t=e.trim().replace(/^authorization:\s*/i,``).replace(/^bearer\s+/i,``);/^[\w.~+/-]+=*$/.test(t)?(C(t),await E(`This token is not valid, or not any more.`)):S({is:`signed out`,because:`That is not a token: it is one line of letters, digits, dots and dashes.`})}function T(){C(null),S({is:`signed out`})}async function E(e=`Your token is not valid any more. Sign in again.`){let t=y;if(t===null)return;b.is===`signed out`&&S({is:`checking`});let{data:n,errors:r}=await j({query:v});if(y!==t)return;let i=n?.viewer;if(i){let{name:e,title:t}=i.employee??{name:`Somebody`,title:`who is not an employee`};S({is:`signed in`,person:{name:e,title:t,permissions:i.permissions}})}else{C(null);let t=r?.[0]?.extensions?.code;S({is:`signed out`,because:t===`UNAUTHENTICATED`?e:r?.[0]?.message})}}function D(){b.is===`signed in`&&E()}function O(e){return x.add(e),()=>x.delete(e)}var k=()=>(0,g.useSyncExternalStore)(O,()=>b),A=new URL(location.pathname,location.origin);async function j(e){let t={method:`POST`,body:JSON.stringify(e),headers:{accept:`application/graphql-response+json, application/json;q=0.9`,"content-type":`application/json`,...ae()},credentials:`same-origin`,redirect:`error`},n;try{n=await fetch(A,t)}catch{return{errors:[{message:`The server can't be reached.`}]}}let r=await n.text();try{return JSON.parse(r)}catch{return{errors:[{message:`The server answered ${n.status} ${n.statusText}: ${r.slice(0,200)}`}]}}}var M=async e=>{let t=await j({...e,operationName:N(e)});return t.errors?.some(({extensions:e})=>e?.code===`UNAUTHENTICATED`)&&D(),t};function N({query:e,operationName:t}){let n=P(e);return n.length===0||n.includes(t??void 0)?t:n[0]}function P(e){try{let{definitions:t}=f(e);return t.flatMap(e=>e.kind===te.OPERATION_DEFINITION?[e.name?.value]:[])}catch{return[]}}var F={light:`meritbook-light`,dark:`meritbook-dark`},I={light:{base:`vs`,accent:`#0b7a75`,back:`#ffffff`,field:`#3b4b6811`,text:`#444444`,argument:`#6c69ce`},dark:{base:`vs-dark`,accent:`#45c4bc`,back:`#212a3b`,field:`#b7c2d711`,text:`#ffffff`,argument:`#908aff`}},L=[`textLink.foreground`,`textLink.activeForeground`,`editorLink.activeForeground`,`list.highlightForeground`,`list.focusHighlightForeground`,`editorSuggestWidget.selectedForeground`,`focusBorder`,`editorWidget.resizeBorder`,`pickerGroup.foreground`,`menu.selectionForeground`],R=[`list.hoverBackground`,`editorSuggestWidget.selectedBackground`,`toolbar.hoverBackground`,`inputOption.hoverBackground`,`quickInputList.focusBackground`,`menu.selectionBackground`],z=[`editorHoverWidget.background`,`menu.background`,`editorSuggestWidget.background`,`quickInput.background`,`editorWidget.background`],B=(e,t)=>Object.fromEntries(e.map(e=>[e,t]));function V(){let e=l(e=>e.theme),t=o(e=>e.monaco),{setTheme:r}=n();(0,g.useEffect)(()=>{if(t){for(let[e,{base:n,accent:r,back:i,field:a,text:o,argument:s}]of Object.entries(I))t.editor.defineTheme(F[e],{base:n,inherit:!0,rules:[{token:`argument.identifier.gql`,foreground:s}],colors:{...B([`editor.background`,`scrollbar.shadow`],`#ffffff00`),...B(L,r),...B(R,`${r}19`),...B(z,i),"input.background":a,"quickInputList.focusForeground":o}});r(e)}},[t]),(0,g.useEffect)(()=>{let t=matchMedia(`(prefers-color-scheme: dark)`),n=()=>e===null&&r(null);return t.addEventListener(`change`,n),()=>t.removeEventListener(`change`,n)},[e,r])}var H=`# Who am I?
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
`,U=`# Leaderboard
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
`,oe=`{ "period": "2017-Q2" }
`,W=`# A payout run, explained
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
`,G=`{ "period": "2017-Q2" }
`,K=`# What happened to somebody
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
`,q=`{ "number": "E-020" }
`,se=`# A command that is refused
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
`,ce=`{
  "input": {
    "id": "PayoutRun_51209416-abc4-56d1-b745-c9145e52dbea"
  }
}
`,J=d(),Y=Object.assign({"./examples/1-viewer.graphql":H,"./examples/2-leaderboard.graphql":U,"./examples/2-leaderboard.json":oe,"./examples/3-payout-run.graphql":W,"./examples/3-payout-run.json":G,"./examples/4-history.graphql":K,"./examples/4-history.json":q,"./examples/5-refused.graphql":se,"./examples/5-refused.json":ce});function le(e){let t=Y[e],[n,...r]=t.split(`
`).filter(e=>e.startsWith(`# `)).map(e=>e.slice(2));return{title:n,says:r.join(` `),query:t,variables:Y[e.replace(/graphql$/,`json`)]??``}}var X=Object.keys(Y).filter(e=>e.endsWith(`.graphql`)).sort().map(le);function ue(){let{addTab:e}=n(),t=l(e=>e.queryEditor),r=l(e=>e.variableEditor);function i({query:n,variables:i}){e(),t?.setValue(n),r?.setValue(i),t?.focus()}return(0,J.jsxs)(`section`,{className:`examples`,"aria-label":`Examples`,children:[(0,J.jsx)(`div`,{className:`graphiql-doc-explorer-title`,children:`Examples`}),(0,J.jsx)(`p`,{children:`Operations on the demo’s data. Each opens in a tab of its own, and runs with Ctrl-Enter.`}),(0,J.jsx)(`ul`,{children:X.map(e=>(0,J.jsx)(`li`,{children:(0,J.jsxs)(c,{type:`button`,onClick:()=>i(e),children:[(0,J.jsx)(`strong`,{children:e.title}),(0,J.jsx)(`span`,{children:e.says})]})},e.title))})]})}function de(){return(0,J.jsxs)(`svg`,{viewBox:`0 0 20 20`,fill:`none`,stroke:`currentColor`,strokeWidth:`1.5`,strokeLinecap:`round`,"aria-hidden":`true`,children:[(0,J.jsx)(`rect`,{x:`3`,y:`3`,width:`14`,height:`14`,rx:`2`}),(0,J.jsx)(`path`,{d:`M6.5 7.5h7M6.5 10.5h7M6.5 13.5h4`})]})}var fe={title:`Examples`,icon:de,content:ue};function pe(){let e=k(),[n,r]=(0,g.useState)(!1),i=(0,g.useRef)(e.is);return(0,g.useEffect)(()=>{i.current!==`signed in`&&e.is===`signed in`&&r(!1),i.current=e.is},[e.is]),(0,J.jsxs)(J.Fragment,{children:[(0,J.jsx)(`h1`,{children:`Meritbook`}),e.is===`signed in`?(0,J.jsxs)(c,{type:`button`,className:`who`,onClick:()=>r(!0),"aria-haspopup":`dialog`,children:[(0,J.jsx)(`span`,{className:`initials`,"aria-hidden":`true`,children:ge(e.person.name)}),(0,J.jsx)(`span`,{className:`name`,children:e.person.name}),(0,J.jsx)(`span`,{className:`title`,children:e.person.title})]}):(0,J.jsx)(t,{type:`button`,className:`primary`,onClick:()=>r(!0),"aria-haspopup":`dialog`,children:e.is===`checking`?`Signing in …`:`Sign in`}),(0,J.jsx)(a,{open:n,onOpenChange:r,children:e.is===`signed in`?(0,J.jsx)(he,{person:e.person,done:()=>r(!1)}):(0,J.jsx)(me,{busy:e.is===`checking`,because:e.is===`signed out`?e.because:void 0})})]})}function me({busy:e,because:n}){let[r,i]=(0,g.useState)(``);function o(e){e.preventDefault(),w(r)}function s(e){e.key===`Enter`&&!e.shiftKey&&o(e)}return(0,J.jsxs)(`form`,{className:`sign-in`,onSubmit:o,children:[(0,J.jsx)(Z,{title:`Sign in`}),(0,J.jsx)(a.Description,{asChild:!0,children:(0,J.jsx)(`p`,{children:`Paste a bearer token. It stays in this tab of your browser, and is forgotten when you close it or sign out.`})}),(0,J.jsxs)(`label`,{children:[`Token`,(0,J.jsx)(`textarea`,{value:r,onChange:e=>i(e.currentTarget.value),onKeyDown:s,rows:5,placeholder:`eyJ…`,autoComplete:`off`,autoCapitalize:`off`,spellCheck:!1,autoFocus:!0,required:!0,"aria-invalid":n!==void 0,"aria-describedby":`refused`})]}),(0,J.jsx)(`p`,{id:`refused`,role:`alert`,children:n}),(0,J.jsxs)(`p`,{className:`hint`,children:[`The demo prints tokens when it starts, one for each role. For anybody else:`,` `,(0,J.jsx)(`code`,{children:`.venv/bin/meritbook token NUMBER`})]}),(0,J.jsx)(`div`,{className:`buttons`,children:(0,J.jsx)(t,{type:`submit`,className:`primary`,disabled:e,children:e?`Signing in …`:`Sign in`})})]})}function he({person:e,done:n}){return(0,J.jsxs)(`div`,{className:`sign-in`,children:[(0,J.jsx)(Z,{title:e.name}),(0,J.jsx)(a.Description,{asChild:!0,children:(0,J.jsx)(`p`,{children:e.title})}),(0,J.jsx)(`h3`,{id:`permissions`,children:`May`}),e.permissions.length===0?(0,J.jsx)(`p`,{className:`hint`,children:`What every member of staff may, and no more.`}):(0,J.jsx)(`ul`,{className:`permissions`,"aria-labelledby":`permissions`,children:e.permissions.map(e=>(0,J.jsx)(`li`,{children:e},e))}),(0,J.jsx)(`div`,{className:`buttons`,children:(0,J.jsx)(t,{type:`button`,onClick:()=>{n(),T()},children:`Sign out`})})]})}function Z({title:e}){return(0,J.jsxs)(`div`,{className:`header`,children:[(0,J.jsx)(a.Title,{className:`graphiql-dialog-title`,children:e}),(0,J.jsx)(a.Close,{})]})}function ge(e){let t=e.split(/\s+/).filter(Boolean);return(t.length>1?[t[0],t[t.length-1]]:t).map(e=>[...e][0]).join(``)}var _e=[fe,s],Q=new URLSearchParams(location.search),$=Q.get(`query`)?[{query:Q.get(`query`),variables:Q.get(`variables`)}]:[],ve=[...$,...X.map(({query:e,variables:t})=>({query:e,variables:t}))];function ye(){return(0,J.jsx)(u,{fetcher:M,plugins:_e,referencePlugin:ee,editorTheme:F,defaultTabs:ve,initialQuery:$[0]?.query??void 0,initialVariables:$[0]?.variables??void 0,defaultEditorToolsVisibility:`variables`,isHeadersEditorEnabled:!1,showPersistHeadersSettings:!1,schemaDescription:!0,inputValueDeprecation:!0,children:(0,J.jsxs)(u.Logo,{children:[(0,J.jsx)(pe,{}),(0,J.jsx)(be,{})]})})}function be(){let e=l(e=>e.schema),{introspect:t}=n(),{is:r}=k();return V(),(0,g.useEffect)(()=>{r===`signed in`&&!e&&t()},[r]),null}E(),(0,ie.createRoot)(document.getElementById(`page`)).render((0,J.jsx)(ye,{}));