import { standaloneTests } from "./standalone.ts";
import { sourcePrograms } from "../kit/programs.ts";

standaloneTests("from source", sourcePrograms);
