import { labTest } from "../kit/lab.ts";
import { wholePath } from "../system/whole_path.ts";
import { binaryPrograms } from "./binaries.ts";

labTest("whole path on the built executables", wholePath, binaryPrograms);
