/** The GraphQL API, at the address of this page. */
import { type Fetcher, type FetcherParams, createGraphiQLFetcher } from "@graphiql/toolkit";
import { type DocumentNode, Kind, parse } from "graphql";
import { createClient } from "graphql-ws";
import { authorization, doubt } from "./session";

export type Answer = {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
};

const url = new URL(location.pathname, location.origin);
const socket = Object.assign(new URL(url), { protocol: url.protocol.replace("http", "ws") });

/** One request, one answer; if the server gave none that can be read, that is the answer's error. */
export async function ask(params: FetcherParams): Promise<Answer> {
  const request: RequestInit = {
    method: "POST",
    body: JSON.stringify(params),
    headers: {
      accept: "application/graphql-response+json, application/json;q=0.9",
      "content-type": "application/json",
      ...authorization(),
    },
    credentials: "same-origin",
    redirect: "error",
  };
  let response: Response;
  try {
    response = await fetch(url, request);
  } catch {
    return { errors: [{ message: "The server can't be reached." }] };
  }
  const said = await response.text();
  try {
    return JSON.parse(said) as Answer;
  } catch {
    const message = `The server answered ${response.status} ${response.statusText}: ${said.slice(0, 200)}`;
    return { errors: [{ message }] };
  }
}

const live = createGraphiQLFetcher({
  url: url.href,
  wsClient: createClient({ url: socket.href, lazy: true, connectionParams: () => authorization() }),
});

export const fetcher: Fetcher = async (params, options) => {
  const { documentAST, operation, operationName } = chosen(params);
  if (operation === "subscription") return live({ ...params, operationName }, { ...options, documentAST });
  const answer = await ask({ ...params, operationName });
  if (answer.errors?.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) doubt();
  return answer as never;
};

/**
 * The operation that is meant. The editor learns its name a moment after the text has changed: run at once after
 * another tab was opened, it still gives that of the tab before.
 */
function chosen({ query, operationName }: FetcherParams) {
  const documentAST = parsed(query);
  const operations = documentAST?.definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION) ?? [];
  const named = operations.find(({ name }) => name?.value === operationName);
  const { operation, name } = named ?? operations[0] ?? {};
  return { documentAST, operation, operationName: operations.length ? name?.value : operationName };
}

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined; // the server says what is wrong with it
  }
}
