/** Operations on the demo's data to begin with: as tabs at the first visit, and beside them ever after. */
import { type GraphiQLPlugin, UnStyledButton, useGraphiQL, useGraphiQLActions } from "@graphiql/react";

type Example = { title: string; says: string; query: string; variables: string };

const files = import.meta.glob<string>("./examples/*", { query: "?raw", import: "default", eager: true });

/** A file's first comment is its title, the next ones say what it shows. */
function read(path: string): Example {
  const query = files[path];
  const comments = query.split("\n").filter((line) => line.startsWith("# ")).map((line) => line.slice(2));
  const [title, ...says] = comments;
  return { title, says: says.join(" "), query, variables: files[path.replace(/graphql$/, "json")] ?? "" };
}

export const EXAMPLES: Example[] = Object.keys(files).filter((path) => path.endsWith(".graphql")).sort().map(read);

function Examples() {
  const { addTab } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);

  function open({ query, variables }: Example) {
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    queryEditor?.focus();
  }

  return (
    <section className="examples" aria-label="Examples">
      <div className="graphiql-doc-explorer-title">Examples</div>
      <p>Operations on the demo’s data. Each opens in a tab of its own, and runs with Ctrl-Enter.</p>
      <ul>
        {EXAMPLES.map((example) => (
          <li key={example.title}>
            <UnStyledButton type="button" onClick={() => open(example)}>
              <strong>{example.title}</strong>
              <span>{example.says}</span>
            </UnStyledButton>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Icon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
      <rect x="3" y="3" width="14" height="14" rx="2" />
      <path d="M6.5 7.5h7M6.5 10.5h7M6.5 13.5h4" />
    </svg>
  );
}

export const EXAMPLES_PLUGIN: GraphiQLPlugin = { title: "Examples", icon: Icon, content: Examples };
