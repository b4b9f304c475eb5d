/** The GraphQL API, at the address of this page. */
import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";
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

export const fetcher: Fetcher = async (params) => {
  const answer = await ask({ ...params, operationName: chosen(params) });
  if (answer.errors?.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) doubt();
  return answer as never;
};

/**
 * The operation that is meant. The editor learns its name a moment after the text has changed: run at once after
 * another tab was opened, it still gives that of the tab before.
 */
function chosen({ query, operationName }: FetcherParams): string | null | undefined {
  const names = operations(query);
  return names.length === 0 || names.includes(operationName ?? undefined) ? operationName : names[0];
}

function operations(query: string): (string | undefined)[] {
  try {
    const { definitions } = parse(query);
    return definitions.flatMap((each) => (each.kind === Kind.OPERATION_DEFINITION ? [each.name?.value] : []));
  } catch {
    return []; // the server says what is wrong with it
  }
}
