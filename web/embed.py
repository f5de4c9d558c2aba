#!/usr/bin/env python3
"""Makes the built console part of the program: embed.py FOLDER OUTPUT.cpp

Writes a source file that has every file of FOLDER in it (by the assembler's .incbin, so that nothing is compiled), for
ConsoleFiles() of app/run/console_files.h. Without a FOLDER there ("-") it has none.
"""
import pathlib
import sys

HEAD = """// Written by web/embed.py.
#include "app/run/console_files.h"

#include <cstddef>
"""


def main():
    folder, output = sys.argv[1:]
    root = pathlib.Path(folder).resolve()
    files = sorted(path for path in root.rglob("*") if path.is_file()) if folder != "-" else []
    lines = [HEAD]
    for i, path in enumerate(files):
        name = f"hostscope_console_{i}"
        lines.append(f'__asm__(".pushsection .rodata\\n.hidden {name}\\n.hidden {name}_end\\n.globl {name}\\n'
                     f'.globl {name}_end\\n{name}: .incbin \\"{path}\\"\\n{name}_end:\\n.byte 0\\n.popsection\\n");')
        lines.append(f'extern "C" __attribute__((visibility("hidden"))) const char {name}[], {name}_end[];')
    lines.append("\nnamespace hostscope::app {\n\nstd::span<const http::EmbeddedFile> ConsoleFiles() {")
    if files:
        lines.append("  static const http::EmbeddedFile kFiles[] = {")
        for i, path in enumerate(files):
            name = f"hostscope_console_{i}"
            lines.append(f'      {{"{path.relative_to(root).as_posix()}", {{{name}, '
                         f"static_cast<std::size_t>({name}_end - {name})}}}},")
        lines.append("  };\n  return kFiles;")
    else:
        lines.append("  return {};")
    lines.append("}\n\n}  // namespace hostscope::app\n")
    pathlib.Path(output).write_text("\n".join(lines))


main()
