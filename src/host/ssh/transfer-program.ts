import { helperStart } from "./helper-program.ts";
import { helperTransfer } from "./helper-transfer.ts";

/** The program that moves the bytes of one file, on a channel of its own. */
export const transferProgram = helperStart + helperTransfer;
