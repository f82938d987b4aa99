# SPDX-License-Identifier: GPL-2.0-or-later
"""What the system tests need to use a workstation as its programs and its people do."""
