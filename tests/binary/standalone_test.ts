import { standaloneTests } from "../system/standalone.ts";
import { binaryPrograms } from "./binaries.ts";

standaloneTests("built", binaryPrograms);
