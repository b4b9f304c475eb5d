// PostGraphile 5 as its documentation serves it: one process, production settings, on node's own HTTP server.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const preset = {
  extends: [PostGraphileAmberPreset],
  // The read tables are shown as views, whose indexes PostGraphile can't see: let it filter and sort all the same.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [
    makePgService({
      schemas: ["peer"],
      poolConfig: {
        host: process.env.PEER_HOST,
        user: process.env.PEER_USER,
        database: process.env.PEER_DATABASE,
        max: 10,
      },
    }),
  ],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
  grafast: { explain: false },
};

const server = createServer();
const serv = postgraphile(preset).createServ(grafserv);
await serv.addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
