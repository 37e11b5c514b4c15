import { createLocalFiles } from "../../../src/host/local/files.ts";
import { fileCases } from "./file-cases.ts";

fileCases("here", createLocalFiles());
