/** Before the description of a secret whose value may not have been set. */
export const unfinishedMark = "not ready: ";
