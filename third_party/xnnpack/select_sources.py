#!/usr/bin/env python3
"""Finds the XNNPACK sources that core/kernels reaches, and writes them into sources.cmake.

Starts from nothing but the entry points below, links, looks up which file defines each symbol that the linker misses,
adds those files, and repeats until nothing is missing. Sections that no entry point reaches are dropped by the linker
before it looks, so what one file merely mentions in an unused function is never asked for.

    select_sources.py TARGET BUILD_DIR [CMAKE_ARGUMENT ...]

TARGET is a list of sources.cmake (x86_64, aarch64, wasm, wasm_relaxed); the arguments choose compiler and toolchain:

    select_sources.py x86_64 /tmp/x -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19
    select_sources.py wasm /tmp/w -DCMAKE_TOOLCHAIN_FILE=.../Emscripten.cmake
    select_sources.py wasm_relaxed /tmp/r -DCMAKE_TOOLCHAIN_FILE=.../Emscripten.cmake -DLATFORMER_RELAXED_SIMD=ON

The linker must be lld (its messages are read).
"""

import pathlib
import re
import subprocess
import sys

# What core/kernels calls. To use another function, name it here and run this for every target.
ENTRY_POINTS = """
xnn_init_f32_tanh_config
""".split()

HERE = pathlib.Path(__file__).resolve().parent
LISTS = HERE / "sources.cmake"
HEADER = "# Written by select_sources.py: the XNNPACK sources that core/kernels reaches, by target.\n"
PROJECT = f"""
cmake_minimum_required(VERSION 3.24)
project(select C CXX)
set(PROJECT_SOURCE_DIR {HERE.parents[1]})
add_executable(reach reach.c)
add_subdirectory({HERE.parent} third_party)
FetchContent_GetProperties(xnnpack)
file(WRITE ${{CMAKE_BINARY_DIR}}/xnnpack_folder "${{xnnpack_SOURCE_DIR}}")
set_target_properties(reach PROPERTIES LINKER_LANGUAGE CXX)
target_link_libraries(reach PRIVATE XNNPACK)
target_link_options(reach PRIVATE -Wl,--error-limit=0)
if(NOT EMSCRIPTEN)
  target_link_options(reach PRIVATE -fuse-ld=lld)
endif()
"""
REACH = "".join(f"void {name}(void);\n" for name in ENTRY_POINTS) + (
    "void (*volatile entry_points[])(void) = {" + ", ".join(ENTRY_POINTS) + "};\n"
    "int main(void) { return entry_points[0] == 0; }\n"
)


def read_lists():
    text = LISTS.read_text() if LISTS.exists() else ""
    blocks = re.findall(r"set\(XNNPACK_SOURCES_(\w+)([^)]*)\)", text)
    return {target: files.split() for target, files in blocks}


def write_lists(lists):
    blocks = [
        f"set(XNNPACK_SOURCES_{target}\n" + "".join(f"    {file}\n" for file in sorted(files)) + ")\n"
        for target, files in sorted(lists.items())
    ]
    LISTS.write_text("\n".join([HEADER, *blocks]).replace("\n)\n", ")\n"))


def definitions(root):
    """Symbol -> file, for every function and table that XNNPACK defines."""
    where = {}
    # A definition starts a line, is not static, and goes on with a body or a value.
    pattern = re.compile(r"^(?!static|extern|typedef| )(?:[\w *]*[ *])?(xnn_\w+) ?(?:\([^;{}]*?\)[A-Z_\s]*\{|(?:\[[^\]]*\])? *=)", re.M)
    for file in sorted([*root.glob("src/**/*.c"), *root.glob("src/**/*.cc")]):
        name = file.relative_to(root).as_posix()
        if "/amalgam/" in name or not file.is_file():
            continue
        for symbol in pattern.findall(file.read_text()):
            where.setdefault(symbol, []).append(name)
    return where


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    target, build, arguments = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
    project = build / "project"
    project.mkdir(parents=True, exist_ok=True)
    (project / "CMakeLists.txt").write_text(PROJECT)
    (project / "reach.c").write_text(REACH)
    lists = read_lists()
    lists[target] = {"src/configs/hardware-config.c"}
    where = None
    while True:
        write_lists(lists)
        subprocess.run(
            ["cmake", "-G", "Ninja", "-S", project, "-B", build / "build", "-DCMAKE_BUILD_TYPE=Release", *arguments],
            check=True, stdout=subprocess.DEVNULL,
        )
        done = subprocess.run(["cmake", "--build", build / "build", "--target", "reach", "-j2"], capture_output=True, text=True)
        output = done.stdout + done.stderr
        missing = sorted(set(re.findall(r"undefined (?:hidden )?symbol: (\w+)", output)))
        print(f"{len(lists[target])} files, {len(missing)} symbols missing", flush=True)
        if not missing:
            if done.returncode != 0:
                sys.exit(output)
            return
        if where is None:
            where = definitions(pathlib.Path((build / "build/xnnpack_folder").read_text()))
        for symbol in missing:
            files = where.get(symbol, [])
            if len(files) != 1:
                sys.exit(f"{symbol}: defined in {files or 'no file'}")
            lists[target].add(files[0])


main()
