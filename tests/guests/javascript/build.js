// Makes a component of policy.js: `node build.js WIT OUTPUT`. Every feature that would import WASI is off.

import { readFile, writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [wit, output] = process.argv.slice(2);
const source = await readFile(new URL("policy.js", import.meta.url), "utf8");
const { component } = await componentize(source, {
  witPath: wit,
  worldName: "hosts-policy",
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await writeFile(output, component);
