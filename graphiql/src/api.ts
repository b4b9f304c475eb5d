/** The GraphQL API, at the address of this page. */
import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { Kind, type OperationDefinitionNode, OperationTypeNode, parse } from "graphql";
import { createClient } from "graphql-ws";
import { authorization, doubt } from "./session";

export type Answer = {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
};

const url = new URL(location.pathname, location.origin);

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

/** The websocket beside it, open as long as anything is subscribed to. */
const socket = createClient({
  url: url.href.replace(/^http/, "ws"),
  connectionParams: authorization,
  retryAttempts: 0, // it would begin anew, and leave out what happened in the meantime: whoever looks should know
});

export const fetcher: Fetcher = async (params) => {
  const asked = { ...params, operationName: chosen(params) };
  if (isSubscription(asked)) return followed(asked) as never;
  const answer = await ask(asked);
  if (answer.errors?.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) doubt();
  return answer as never;
};

/** What a subscription says, until it ends; why it ended is the last thing that it says. */
async function* followed(params: FetcherParams): AsyncGenerator<unknown> {
  try {
    yield* socket.iterate(params);
  } catch (wrong) {
    const { reason } = wrong as Partial<CloseEvent>;
    yield { errors: Array.isArray(wrong) ? wrong : [{ message: reason || "The connection was lost." }] };
  }
}

/**
 * The operation that is meant. The editor learns its name a moment after the text has changed: run at once after
 * another tab was opened, it still gives that of the tab before.
 */
function chosen({ query, operationName }: FetcherParams): string | null | undefined {
  const names = operations(query).map(({ name }) => name?.value);
  return names.length === 0 || names.includes(operationName ?? undefined) ? operationName : names[0];
}

function isSubscription({ query, operationName }: FetcherParams): boolean {
  const meant = operations(query).find(({ name }) => !operationName || name?.value === operationName);
  return meant?.operation === OperationTypeNode.SUBSCRIPTION;
}

function operations(query: string): OperationDefinitionNode[] {
  try {
    return parse(query).definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return []; // the server says what is wrong with it
  }
}
