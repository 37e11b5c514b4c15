#!/usr/bin/env node
// Plain JavaScript that any Node can read: the rest needs a current one.
const needed = 24;
const current = Number(process.versions.node.split(".")[0]) >= needed;
// Where possible no import: it loads everything that a part of Node exports.
const part = async (name) => (current ? process.getBuiltinModule(name) : import(name));
const { existsSync } = await part("node:fs");
const { fileURLToPath } = await part("node:url");
const bundled = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));

if (current) {
  const entry = new URL("../dist/cli.js", import.meta.url);
  if (existsSync(entry)) {
    const { main } = await import(entry.href);
    // Not in /tmp, where other users could leave code for root.
    const cache = `${process.env.XDG_CACHE_HOME || `${(await part("node:os")).homedir()}/.cache`}/virtform/compiled`;
    process.exitCode = await main(process.argv.slice(2), cache);
  } else {
    console.error("virtform is not built yet: run `npm ci && npm run build` in its directory.");
    process.exitCode = 1;
  }
} else if (existsSync(bundled) && process.execPath !== bundled) {
  const { spawn } = await import("node:child_process");
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  // Before there is anything to pass them on to: a signal in between would end this process alone.
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  child.on("error", (error) => {
    console.error(`Cannot run ${bundled}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    for (const each of signals) process.removeAllListeners(each);
    if (signal === null) process.exitCode = code ?? 1;
    else process.kill(process.pid, signal);
  });
} else {
  console.error(
    `virtform needs Node ${needed} or newer; this is ${process.versions.node}. Install one (https://nodejs.org), or the virtform that has Node in it (docs/install.md). In a clone of the repository, \`npm ci\` gets one.`,
  );
  process.exitCode = 1;
}
