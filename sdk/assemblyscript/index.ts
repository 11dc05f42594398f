// What `import … from "stackhost"` means to the compiler.
export * from "./assembly/index";
