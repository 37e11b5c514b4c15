import { type Compression, decompressionPrograms } from "../model/packing.ts";

interface Details {
  readonly args: readonly string[];
  readonly title: string;
  /** What makes the program write a file with holes for zeros, where it can. */
  readonly holes?: readonly string[];
}

const details: Readonly<Record<Compression, Details>> = {
  gz: { args: ["-dc"], title: "gzip" },
  xz: { args: ["-dc", "-T0", "--memlimit-decompress=512MiB"], title: "xz", holes: [] },
  zst: { args: ["-dcq", "--memory=512MB"], title: "zstd", holes: ["--sparse"] },
  bz2: { args: ["-dc"], title: "bzip2" },
};

/** Seconds of processor time, and bytes of memory. */
const limits = ["--cpu=14400", `--as=${2 * 2 ** 30}`, "--core=0"];
/** No disk image has a longer file. How much of it is taken is limited by what reads it. */
const longestFile = 16 * 2 ** 40;

/** The program that decompresses its standard input to its standard output, and the same under limits, as a command line. Pure. */
export function decompressor(compression: Compression): {
  readonly program: string;
  /** The name that people know the compression by. */
  readonly title: string;
  /** For an output that is a pipe: the program can write no file. */
  readonly words: readonly [program: string, ...args: string[]];
  /** For an output that is a file, which gets holes; undefined where the program makes none. */
  readonly intoFile: readonly [program: string, ...args: string[]] | undefined;
} {
  const program = decompressionPrograms[compression];
  const { args, title, holes } = details[compression];
  return {
    program,
    title,
    words: ["prlimit", ...limits, "--fsize=0", "--", program, ...args],
    intoFile: holes === undefined ? undefined : ["prlimit", ...limits, `--fsize=${longestFile}`, "--", program, ...args, ...holes],
  };
}
