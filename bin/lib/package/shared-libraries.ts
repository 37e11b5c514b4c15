import { run } from "./run.ts";

/** The Debian package of each library that Node is linked with. */
const packages: Readonly<Record<string, "libc6" | "libstdc++6" | "libgcc-s1" | "libatomic1">> = {
  "libc.so.6": "libc6",
  "libdl.so.2": "libc6",
  "libm.so.6": "libc6",
  "libpthread.so.0": "libc6",
  "ld-linux-x86-64.so.2": "libc6",
  "ld-linux-aarch64.so.1": "libc6",
  "libstdc++.so.6": "libstdc++6",
  "libgcc_s.so.1": "libgcc-s1",
  "libatomic.so.1": "libatomic1",
};

/** The version of GCC that brought the last symbols of each version of libstdc++: GLIBCXX_3.4.25 is of 8. */
const gccOf = (symbols: number) => (symbols <= 25 ? 8 : symbols <= 26 ? 9 : symbols <= 28 ? 9.3 : symbols <= 29 ? 11 : symbols - 18);

/**
 * What a Debian package with this binary depends on: `libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)`. Throws for a library that has no
 * package here.
 */
export function sharedLibraries(binary: string): string {
  return dependencies(run("objdump", ["-p", binary]));
}

/** The same of the output of `objdump -p`. Pure. */
export function dependencies(headers: string): string {
  const needed = [...headers.matchAll(/^\s+NEEDED\s+(\S+)$/gm)].map(([, library = ""]) => {
    const name = packages[library];
    if (name === undefined) throw new Error(`the binary needs ${library}, and its Debian package is not known`);
    return name;
  });
  const newest = (symbol: RegExp) => Math.max(0, ...[...headers.matchAll(symbol)].map(([, minor]) => Number(minor)));
  const [libc, libstdc] = [newest(/ GLIBC_2\.(\d+)/g), newest(/ GLIBCXX_3\.4\.(\d+)/g)];
  const least: Readonly<Record<string, string>> = { libc6: `2.${libc}`, "libstdc++6": String(gccOf(libstdc)) };
  return [...new Set(needed)]
    .sort()
    .map((name) => (least[name] === undefined ? name : `${name} (>= ${least[name]})`))
    .join(", ");
}
