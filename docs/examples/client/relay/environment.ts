/** Relay's store, and how it asks. The ids are the same everywhere in the API, so that it can keep objects by them. */
import { Environment, Network, RecordSource, Store } from "relay-runtime";
import type { GraphQLResponse } from "relay-runtime";

export const environment = (url: string, token: string): Environment =>
  new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async ({ text }, variables) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ query: text, variables }),
      });
      return (await response.json()) as GraphQLResponse;
    }),
  });
