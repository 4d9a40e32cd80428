import { labTest } from "../kit/lab.ts";
import { wholePath } from "./whole_path.ts";

labTest("whole path: enroll, push, forward, count, remove, stop", wholePath);
