import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Imported into the process of each test file: Node strips the types of a module once instead of once in each process.
enableCompileCache(fileURLToPath(new URL("../../../.cache/compiled", import.meta.url)));
