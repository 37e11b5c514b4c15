import { inProcess, isFree } from "../cli/support/in-process.ts";
import { checkout, type Result, virtform } from "./virtform.ts";

/** Runs a command line in this process with the output that users get, or in a process of its own while another runs in this one. */
export function virtformInProcess(...args: readonly string[]): Promise<Result> {
  return isFree() ? inProcess(args, checkout, { NO_COLOR: "1", LC_ALL: process.env["LC_ALL"] }) : virtform(...args);
}
