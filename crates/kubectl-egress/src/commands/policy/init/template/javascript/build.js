// Makes dist/policy.wasm of policy.js. Every feature that would import WASI is off: a policy has no clock, files or network.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const source = await readFile("policy.js", "utf8");
const { component } = await componentize(source, {
  witPath: "wit",
  worldName: "hosts-policy",
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await mkdir("dist", { recursive: true });
await writeFile("dist/policy.wasm", component);
