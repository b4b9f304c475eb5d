/** Commands: given as often as it takes, carried out once; and what the rules said against one, as a value. */
import { ApiError } from "./api.js";

/** The same in the answer of every command. */
export interface Refused {
  __typename: "Refused";
  code: string;
  message: string;
  path: string[];
}

export const isRefused = <Payload extends { __typename: string }>(answer: Payload | Refused): answer is Refused =>
  answer.__typename === "Refused";

interface Patience {
  tries?: number;
  /** Milliseconds before the second try; each wait is twice as long as the one before. */
  pause?: number;
}

/**
 * A UUIDv7: its first 48 bits are the time, so that what is recorded together lies together in the database, and a
 * command costs it less. The rest is as random as in any other.
 */
export function newCommandId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}

/**
 * Gives a command until there is an answer to it.
 *
 * Who hears nothing doesn't know whether it was carried out. Each try has the same `commandId`: a command that was
 * carried out is answered again and not repeated. To survive a reload of the page, keep the id with the form.
 */
export async function command<Answer>(
  give: (commandId: string) => Promise<Answer>,
  { tries = 5, pause = 200 }: Patience = {},
  commandId: string = newCommandId(),
): Promise<Answer> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await give(commandId);
    } catch (error) {
      if (tried === tries || !mayPass(error)) throw error;
      const told = error instanceof ApiError && error.retryAfter !== undefined ? error.retryAfter * 1000 : 0;
      await new Promise((resume) => setTimeout(resume, Math.max(told, pause * 2 ** (tried - 1))));
    }
  }
}

const PASSING = ["RATE_LIMITED", "TIMEOUT", "UNAVAILABLE"];

/** No connection, a server that is down or starting, or too much asked at once. */
function mayPass(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500 || PASSING.includes(error.code ?? "");
  return error instanceof TypeError;
}
