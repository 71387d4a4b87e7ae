// Serves the built page with the graphs of the tests: node tests/mock/main.mjs [PORT] [NODES EDGES]
import { runnerImport } from "vite";

const { module } = await runnerImport(new URL("./server.ts", import.meta.url).pathname);
const { module: graphs } = await runnerImport(new URL("./graphs.ts", import.meta.url).pathname);
const [port = "8099", nodes, edges] = process.argv.slice(2);
const datasets = module.samples();
if (nodes) datasets.large = graphs.planted(Number(nodes), Number(edges ?? 2 * nodes), 3);
console.log(await new module.Mock(datasets).listen(Number(port)));
