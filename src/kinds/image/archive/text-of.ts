/** Text of a field of a tar header, which ends with its first zero. Pure. */
export function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? field.length : end);
}
