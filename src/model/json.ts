/** Anything that survives a round trip through JSON. Plans and action arguments are made of nothing else. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
