import { createHook } from "node:async_hooks";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Imported into the process of each test file before node:test.

// Node strips the types of a module once instead of once in each process; programs that tests start with this environment share the code.
const compiled = fileURLToPath(new URL("../../../.cache/compiled", import.meta.url));
enableCompileCache(compiled);
process.env.NODE_COMPILE_CACHE ??= compiled;

// node:test enables one hook, which notes the test of every promise, to blame an uncaught error on it. That takes a fifth of the processor time of
// tests with many promises. Without it such an error fails the file instead of the test, and its stack is printed here.
const prototype = Object.getPrototypeOf(createHook({}));
const { enable } = prototype;
prototype.enable = function () {
  prototype.enable = enable;
  return this;
};
process.on("uncaughtExceptionMonitor", (error) => console.error(error));
process.on("unhandledRejection", (error) => {
  console.error(error);
  process.exitCode = 1;
});
