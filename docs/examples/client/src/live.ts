/** Follows whatever happens, and goes on after the last change however often the connection is lost. */
import { createClient } from "graphql-ws";

import type { ChangesSubscription, ChangesSubscriptionVariables } from "../generated/codegen/graphql.js";
import { Changes } from "./operations.js";

export type Change = ChangesSubscription["changes"];

interface Manner {
  /** The cursor of the last change that you have; without one it begins now. */
  after?: string;
  /** Milliseconds until a connection that was lost is made again. */
  pause?: number;
  /** Where there is no WebSocket: Node before 22. */
  webSocketImpl?: unknown;
}

/** Ends by being returned from, or with what does not pass: errors of the operation, a token that is not good. */
export async function* changes(url: string, token: string, manner: Manner = {}): AsyncGenerator<Change> {
  let { after } = manner;
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0, // it would subscribe as it did at first: after the first cursor, and not after the last
    webSocketImpl: manner.webSocketImpl,
  });
  try {
    for (;;) {
      const variables: ChangesSubscriptionVariables = { after: after ?? null };
      try {
        const query = Changes.toString();
        for await (const { data } of client.iterate<ChangesSubscription>({ query, variables })) {
          if (!data) continue;
          yield data.changes;
          after = data.changes.cursor;
        }
        return;
      } catch (error) {
        if (!isLost(error)) throw error;
      }
      await new Promise((resume) => setTimeout(resume, manner.pause ?? 500));
    }
  } finally {
    await client.dispose();
  }
}

/** Codes that say that it will not be otherwise next time. */
const FINAL = [4400, 4401, 4403, 4406, 4409];

const isLost = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && !FINAL.includes(error.code as number);
