/** The same leaderboard with genql: the query is an object, and the answer has exactly what it asks for. */
import { createClient } from "../generated/genql/index.js";

export async function leaders(url: string, token: string): Promise<(string | null | undefined)[]> {
  const client = createClient({ url, headers: { Authorization: `Bearer ${token}` } });
  const { leaderboard } = await client.query({
    leaderboard: {
      __args: { metric: "WON_AMOUNT", period: "2017-Q2", first: 3 },
      entries: { rank: true, employee: { name: true } },
    },
  });
  return leaderboard.entries.map(({ employee }) => employee?.name);
}
