import { Dialog, type DialogProps } from "./dialog.tsx";
import { Form, type FormProps } from "./field.tsx";

export interface FormDialogProps
  extends Omit<DialogProps, "onClose">, Omit<FormProps, "onCancel" | "children"> {
  /** Closed without sending anything. */
  readonly onClose: () => void;
}

/** A form in a modal dialog. */
export function FormDialog({ title, onClose, wide = false, ...form }: FormDialogProps) {
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <Form {...form} onCancel={onClose} />
    </Dialog>
  );
}
