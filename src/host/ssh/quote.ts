/**
 * One word for a POSIX shell, so that it stays exactly that word: everything stands between single quotes, within which a
 * shell changes nothing, and a single quote itself is written outside of them. ssh joins its arguments with blanks and gives
 * them to the login shell of the other side, so this is the only place where a shell ever sees what we pass on (decision 8).
 * Throws a TypeError for a NUL, which no argument can hold.
 */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new TypeError("an argument cannot hold a NUL character");
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A command line for a POSIX shell from its words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
