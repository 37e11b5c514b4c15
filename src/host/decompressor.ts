import { type Compression, decompressionPrograms } from "../model/packing.ts";

const details: Readonly<Record<Compression, { readonly args: readonly string[]; readonly title: string }>> = {
  gz: { args: ["-dc"], title: "gzip" },
  xz: { args: ["-dc", "-T0", "--memlimit-decompress=512MiB"], title: "xz" },
  zst: { args: ["-dcq", "--memory=512MB"], title: "zstd" },
  bz2: { args: ["-dc"], title: "bzip2" },
};

/** Seconds of processor time, and bytes of memory. The program writes no file: its output is a pipe. */
const limits = ["--cpu=14400", `--as=${2 * 2 ** 30}`, "--fsize=0", "--core=0"];

/** The program that decompresses its standard input to its standard output, and the same under limits, as a command line. Pure. */
export function decompressor(compression: Compression): {
  readonly program: string;
  /** The name that people know the compression by. */
  readonly title: string;
  readonly words: readonly [program: string, ...args: string[]];
} {
  const program = decompressionPrograms[compression];
  const { args, title } = details[compression];
  return { program, title, words: ["prlimit", ...limits, "--", program, ...args] };
}
