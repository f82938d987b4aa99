#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What transport a handpiece has is nobody's business but the transport's: core, device node, sysfs and
daemon name none of them and ask for none. What differs is told in struct mn_caps and struct mn_info.

The same look is then given to copies with such a question in them: it must find each.
"""

import re
import sys

from sources import TOP, listed

# The transports themselves, what kernels differ in, and the text that a transport has for people
TRANSPORTS = re.compile(r"driver/(usb|gpio|stepper|speed|compat)[\w.]*|driver/include/.*"
                        r"|daemon/common/names\.c")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
NAMED = re.compile(r"(?<![A-Za-z])(usb|gpio|pwm)(?![A-Za-z])", re.IGNORECASE)
ASKED = re.compile(r"\btransport\s*[=!]=|[=!]=\s*[\w.>-]*\btransport\b|switch\s*\([^)]*transport")

QUESTIONS = {
    "driver/core.c": "\tif (mn->safety.caps.transport == 1)\n\t\treturn;\n",
    "driver/chrdev.c": "\tswitch (info->transport) {\n\t}\n",
    "driver/attrs.c": "\tif (is_usb(mn))\n\t\treturn;\n",
    "daemon/microneedled/device.c": "\tif (info.transport != MN_TRANSPORT_GPIO)\n\t\treturn;\n",
}


def look(files):
    """What is wrong with the sources, given as a text for each path."""
    wrong = []
    for path, text in sorted(files.items()):
        code = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
        for pattern, what in ((NAMED, "a transport is named"), (ASKED, "a transport is asked for")):
            wrong += [f"{path}:{code.count(chr(10), 0, match.start()) + 1}: {what}"
                      for match in pattern.finditer(code)]
    return wrong


def main():
    files = {path: (TOP / path).read_text(encoding="utf-8")
             for path in listed("driver/*.[ch]", "daemon/*.[ch]") if not TRANSPORTS.match(path)}
    wrong = look(files)
    wrong += [f"a question seeded into {path} is not found: the check is blind"
              for path, seed in QUESTIONS.items()
              if len(look({path: files[path] + seed})) == len(look({path: files[path]}))]
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)


main()
