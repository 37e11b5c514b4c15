// Prints yes when one of the chosen test files needs root, libvirt and installed programs: needs-real.ts all|unit|files [FILE…]
import { fileURLToPath } from "node:url";
import { namedFiles, testFiles } from "./test-files.ts";

const [mode, ...paths] = process.argv.slice(2);
try {
  const files = mode === "files" ? namedFiles(testFiles(fileURLToPath(new URL("../../../", import.meta.url))), paths) : [];
  console.log(mode === "all" || files.some(({ real }) => real) ? "yes" : "no");
} catch {
  // The runner names the path that does not exist.
  console.log("no");
}
