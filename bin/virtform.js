#!/usr/bin/env node
// Plain JavaScript that any Node can read: the rest needs a current one.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const needed = 24;
const bundled = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));

if (Number(process.versions.node.split(".")[0]) >= needed) {
  const entry = new URL("../dist/cli.js", import.meta.url);
  if (existsSync(entry)) {
    const { main } = await import(entry.href);
    process.exitCode = await main(process.argv.slice(2));
  } else {
    console.error("virtform is not built yet: run `npm ci && npm run build` in its directory.");
    process.exitCode = 1;
  }
} else if (existsSync(bundled) && process.execPath !== bundled) {
  // The signals of a terminal reach the whole group, so this process only has to outlive the other one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  const { status } = spawnSync(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  console.error(
    `virtform needs Node ${needed} or newer; this is ${process.versions.node}. Run \`npm ci\` in its directory to get one beside it.`,
  );
  process.exitCode = 1;
}
