/** Asks a Meritbook on behalf of whoever the token stands for. */
import type { TypedDocumentString } from "../generated/codegen/graphql.js";

/** What went wrong with a whole operation. What the rules say against a command is not an error: it is in the answer. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** For programs: UNAUTHENTICATED, BAD_USER_INPUT, RATE_LIMITED, … */
    readonly code: string | undefined,
    readonly status: number,
    /** How many seconds to wait before asking again, if the server says. */
    readonly retryAfter: number | undefined,
  ) {
    super(message);
  }
}

interface Answer<Result> {
  data?: Result | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

interface Manner {
  /** Whether the server knows this client's documents: then their ids are sent, and not their text. */
  trusted?: boolean;
  send?: typeof fetch;
}

export class Api {
  readonly #trusted: boolean;
  readonly #send: typeof fetch;

  constructor(
    readonly url: string,
    private readonly token: string,
    { trusted = false, send = fetch }: Manner = {},
  ) {
    this.#trusted = trusted;
    this.#send = send;
  }

  /** The document says which variables it needs, and what comes back. */
  async ask<Result, Variables>(
    document: TypedDocumentString<Result, Variables>,
    ...[variables]: Variables extends Record<string, never> ? [] : [Variables]
  ): Promise<Result> {
    const send = this.#send; // as a function: browsers want no `this`
    const response = await send(this.url, {
      method: "POST",
      headers: {
        Accept: "application/graphql-response+json, application/json",
        Authorization: `Bearer ${this.token}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ ...this.#named(document), variables }),
    });
    const answer = await read<Result>(response);
    const [error] = answer.errors ?? [];
    if (error || !answer.data) {
      const wait = Number(response.headers.get("Retry-After") ?? NaN);
      throw new ApiError(
        error?.message ?? `The server answers ${response.status}.`,
        error?.extensions?.code,
        response.status,
        Number.isNaN(wait) ? undefined : wait,
      );
    }
    return answer.data;
  }

  #named<Result, Variables>(document: TypedDocumentString<Result, Variables>): object {
    return this.#trusted ? { documentId: document.__meta__?.["documentId"] } : { query: document.toString() };
  }
}

/** The answer, whoever gives it: a proxy that is in the way may write something else than JSON. */
async function read<Result>(response: Response): Promise<Answer<Result>> {
  try {
    return (await response.json()) as Answer<Result>;
  } catch {
    return {};
  }
}
