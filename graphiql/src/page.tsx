/** GraphiQL, with who is signed in above it and examples beside it. */
import { DOC_EXPLORER_PLUGIN } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { useEffect } from "react";
import { fetcher } from "./api";
import { THEMES, useColours } from "./colours";
import { EXAMPLES, EXAMPLES_PLUGIN } from "./examples";
import { useSession } from "./session";
import { SignIn } from "./sign-in";

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN];

/** `?query=…&variables=…`, as in a link that somebody was given: shown first, and not run until told. */
const asked = new URLSearchParams(location.search);
const LINKED = asked.get("query")
  ? [{ query: asked.get("query"), variables: asked.get("variables") }]
  : [];
const TABS = [...LINKED, ...EXAMPLES.map(({ query, variables }) => ({ query, variables }))];

export function Page() {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      editorTheme={THEMES}
      defaultTabs={TABS}
      initialQuery={LINKED[0]?.query ?? undefined}
      initialVariables={LINKED[0]?.variables ?? undefined}
      defaultEditorToolsVisibility="variables"
      isHeadersEditorEnabled={false}
      showPersistHeadersSettings={false}
      schemaDescription
      inputValueDeprecation
    >
      <GraphiQL.Logo>
        <SignIn />
        <Follow />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

/** What has to change when something outside GraphiQL does: the system's colours, and who is signed in. */
function Follow() {
  const schema = useGraphiQL((state) => state.schema);
  const { introspect } = useGraphiQLActions();
  const { is } = useSession();
  useColours();

  useEffect(() => {
    if (is === "signed in" && !schema) void introspect();
  }, [is]);

  return null;
}
