/** What a source of an image can be: an address with one of these schemes, or a path. */
export function sourcePattern(schemes: readonly string[]): string {
  return `^(?:(?:${schemes.join("|")})://[^\\s]+|(?![a-zA-Z][a-zA-Z0-9+.-]*://)[^\\u0000-\\u001f]+)$`;
}
