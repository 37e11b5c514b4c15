/**
 * Quotes one word for a POSIX shell: everything is put in single quotes, and single quotes are escaped outside of them. ssh
 * joins its arguments with spaces and passes them to the login shell of the remote, so this is the only place where a shell
 * parses input (decision 8). Throws a TypeError for a NUL, which no argument can hold.
 */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new TypeError("an argument cannot hold a NUL character");
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A command line for a POSIX shell from its words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
