/**
 * The stack of an error with its places in the sources. Run from its sources, the program has them already. The build shortens names and joins
 * lines, and replaces this module by one that looks the places up (`bin/lib/original-stack.ts`).
 */
export function originalStack(stack: string): string {
  return stack;
}
