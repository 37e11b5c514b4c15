/** libvirt's numbers for a refusal. */
export interface WireNumbers {
  readonly code: number;
  readonly domain: number;
  readonly errno: number;
}

/**
 * libvirt's numbers by its own words, which begin with the text of the number: on this machine refusals are made as words, and
 * `same-as-real.test.ts` compares the numbers with those of the real one.
 */
const numbers: readonly (readonly [words: RegExp, code: number, domain: number, errno?: number])[] = [
  [/^Domain not found/, 42, 10],
  [/^Network not found/, 43, 19],
  [/^Domain backup job id not found/, 104, 10],
  [/^Secret not found/, 66, 30],
  [/^Network filter not found/, 62, 33],
  [/^Network filter binding not found/, 101, 33],
  [/^Requested operation is not valid: nwfilter/, 55, 33],
  [/^operation failed: (?:filter|binding) /, 9, 33],
  [/^\(nwfilter_definition\)/, 35, 33],
  [/^XML error: expecting root element of 'filter'/, 27, 5],
  [/^unsupported configuration: unknown rule/, 67, 33],
  [/^internal error: (?:referenced filter|filter binding)/, 1, 33],
  [/^this function is not supported/, 3, 0],
  [/^Requested operation is not valid: network/, 55, 19],
  [/^Requested operation is not valid: (?:there is|couldn't locate|cannot set autostart for transient network|can't update)/, 55, 19],
  [/^operation failed: network/, 9, 19],
  [/^internal error: bridge name/, 1, 19],
  [/^XML error: expecting root element/, 27, 5],
  [/^XML error: .* forwarding requested/, 27, 19],
  [/^Requested operation is not valid: domain is not running/, 55, 20],
  [/^Requested operation is not valid/, 55, 10],
  [/^operation failed: domain '.*' (?:already exists|is already defined)/, 9, 20],
  [/^operation failed/, 9, 10],
  [/^authentication unavailable/, 94, 60],
  [/^operation .* forbidden|^read only access/, 29, 0],
  [/^XML error: .*secret|volume usage/, 27, 30],
  [/^XML error: unexpected root element/, 27, 5],
  [/^XML error/, 27, 20],
  [/^\(domain_definition\)/, 35, 20],
  [/^missing name information/, 21, 20],
  [/^internal error: a secret/, 1, 30],
  [/^internal error/, 1, 10],
  [/^Guest agent is not responding/, 86, 10],
  [/^An error occurred, but the cause is unknown$/, 1, 0],
  [/^invalid argument/, 8, 10],
  [/^unsupported flags/, 8, 0],
  [/^unsupported configuration: (?:could not find capabilities|Only PTY)/, 67, 20],
  [/^internal error: guest failed to start/, 1, 17],
  [/^Cannot access .*No such file or directory$/, 38, 18, 2],
  [/No such file or directory$/, 38, 10, 2],
  [/Permission denied$/, 38, 10, 13],
];

/** The numbers that go with a refusal's words. Throws an Error for words that no libvirt of this machine says. */
export function wireNumbers(words: string): WireNumbers {
  const found = numbers.find(([pattern]) => pattern.test(words));
  if (found === undefined) throw new Error(`not among libvirt's words: ${words}`);
  const [, code, domain, errno = -1] = found;
  return { code, domain, errno };
}
