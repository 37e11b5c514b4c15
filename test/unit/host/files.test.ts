import { createLocalFiles } from "../../../src/host/files.ts";
import { fileCases } from "./file-cases.ts";

fileCases("here", createLocalFiles());
