/** A word as it is typed into a shell, for commands in hints: quoted where the shell would read anything else into it. */
export function shellWord(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
