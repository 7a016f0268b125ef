"""Characters that pass for basic Latin letters and digits, derived from Unicode 17.

Derived from `confusables.txt` (UTS 39) and `emoji-test.txt` (UTS 51) of Unicode 17.0.0, and from character names.
Copyright (c) 1991-2025 Unicode, Inc. Used under the Unicode License v3 (SPDX Unicode-3.0), whose text is in
`LICENSES/Unicode-3.0.txt`. Only what maps to basic Latin is kept; the files themselves are not part of zelo.

Each table is text to code points in hexadecimal, runs written first-last.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# --- generated below by `python -m tests.lookalike_table`; do not edit

LATIN: Mapping[str, str] = MappingProxyType(
    {
        "!": "1c3",
        "2": "1bb a75a",
        "3": "21c a76a",
        "5": "1bc",
        "8": "222-223",
        "9": "a76e",
        "a": "23a 250-251 1d00 1d8f 2c65 2c6d 2c6f 1df40-1df41 1df80 1f150 1f170 1f1e6",
        "aa": "a732-a733",
        "ae": "c6 e6 1e2-1e3 1fc-1fd 1d01-1d02",
        "ao": "a734-a735",
        "au": "a736-a737",
        "av": "a738-a73b",
        "ay": "a73c-a73d",
        "b": "180-184 243 253 299 1d03 1d6c 1d80 a796-a797 a7b4-a7b5 a7d6 1f151 1f171 1f1e7",
        "c": "187-188 23b-23c 255 3f2 3f9 1d04 2184 a73e-a73f a792-a794 a7c4 1df1d 1df90-1df92 1f152 1f172 1f1e8",
        "d": "d0 f0 110-111 189-18c 221 256-257 1d05 1d6d 1d81 1d91 a779-a77a a7c7-a7c8 1df25 1df2d 1f153 1f173 1f1e9",
        "dz": "2a3 2a5",
        "e": (
            "18e-190 1dd 246-247 258-259 25b-25d 1d07-1d08 1d92-1d94 2c78 2c7b a7ab ab32-ab34 1df43-1df44 1df81 "
            "1f154 1f174 1f1ea"
        ),
        "f": "191-192 1d6e 1d82 a730 a77b-a77c a798-a799 a7fb ab35 1f155 1f175 1f1eb",
        "fn": "2a9",
        "g": (
            "18d 193 1e4-1e5 260-262 29b 1d77 1d79 1d83 a77d-a77f a7a0-a7a1 a7ac ab36 1df01-1df02 1df30 1df45 "
            "1f156 1f176 1f1ec"
        ),
        "h": "126-127 265-266 29c 2ae-2af 2c67-2c68 a78d a795 a7aa 1df32 1df3e 1df46-1df47 1f157 1f177 1f1ed",
        "i": "131 196-197 268-26a 1d09 1d7b-1d7c 1d96 a7f7 1df1a 1df70 1f158 1f178 1f1ee",
        "j": "237 248-249 25f 284 29d 1d0a a7b2 1f159 1f179 1f1ef",
        "k": "198-199 29e 1d0b 1d84 2c69-2c6a a740-a745 a7a2-a7a3 a7b0 1df03 1df10 1df48-1df49 1f15a 1f17a 1f1f0",
        "l": (
            "141-142 19a 1c0 234 23d 26b-26d 29f 1d0c 1d85 2c60-2c62 a746-a749 a780-a781 a78e a7ad ab37-ab39 "
            "1df04 1df11 1df13 1df26 1f15b 1f17b 1f1f1"
        ),
        "ll": "1c1",
        "ls": "2aa",
        "lz": "2ab",
        "m": "19c 26f-271 1d0d 1d1f 1d6f 1d86 2c6e a7fa ab3a 1df4a-1df4c 1f15c 1f17c 1f1f2",
        "n": (
            "14a-14b 19d-19e 220 235 272-274 1d0e 1d70 1d87 a790-a791 a7a4-a7a5 ab3b 1df27 1df4d-1df4e 1f15d "
            "1f17d 1f1f3"
        ),
        "o": (
            "d8 f8 186 19f 1fe-1ff 254 275 1d0f-1d13 1d97 2c7a a74a-a74d ab3d-ab3f 1df1b 1df42 1df72-1df73 1f15e "
            "1f17e 1f1f4"
        ),
        "oe": "152-153 276 1d14 ab41-ab42 ab62",
        "oo": "a74e-a74f",
        "p": "de fe 1a4-1a5 1bf 1d18 1d71 1d7d 1d88 2c63 a750-a755 a7fc 1f15f 1f17f 1f18a 1f1f5",
        "q": "24b 2a0 1d90 a756-a759 a7af 1df34 1f160 1f180 1f1f6",
        "r": (
            "1a6 24c-24d 279-280 1d19-1d1a 1d72-1d73 1d89 2c64 2c79 a782-a783 a7a6-a7a7 a7e2 ab45-ab49 ab4b-ab4c "
            "ab68 ab6c-ab6d 1df08 1df15-1df16 1df28 1df35 1df37 1df50 1df57 1df61 1f161 1f181 1f1f7"
        ),
        "s": (
            "1a7-1a8 1bd 23f 282 1d24 1d74 1d8a 1e9c-1e9d 2c7e a731 a784-a785 a7a8-a7a9 a7c5 a7c9-a7ca a7cc-a7cd "
            "1df1e 1df29 1df96 1f162 1f182 1f1f8"
        ),
        "t": "166-167 1ab-1ae 236 23e 287-288 1d1b 1d75 2c66 a786-a787 a7b1 1df09 1df0d 1df2a 1f163 1f183 1f1f9",
        "t3": "a728",
        "tc": "2a8",
        "tf": "a777",
        "ts": "2a6",
        "u": "1b1-1b2 244 28a-28b 1d1c-1d1d 1d7e-1d7f 1d99 a79f a7b8-a7b9 ab4e ab52 1df7a-1df7f 1f164 1f184 1f1fa",
        "ue": "1d6b",
        "uo": "ab63",
        "v": "245 28c 1d20 1d8c 2c71 2c74 a75e-a75f a7da a7dc 1df39 1df51-1df52 1f165 1f185 1f1fb",
        "vy": "a760-a761",
        "w": "28d 1d21 2c72-2c73 1df3f 1f166 1f186 1f1fc",
        "x": "1d8d a7b3 ab56-ab59 1f167 1f187 1f1fd",
        "y": "1b3-1b4 24e-24f 263 28e-28f 1efe-1eff ab5a 1df06 1df55 1f168 1f188 1f1fe",
        "z": "1b5-1b7 224-225 240 290-292 1d22 1d76 1d8e 2c6b-2c6c 2c7f a7c6 1df66 1f169 1f189 1f1ff",
    }
)
"""Latin letters and letter emoji: always read as this text."""

ALPHABETS: Mapping[str, str] = MappingProxyType(
    {
        "2": "3e8 a644 a75b",
        "3": "21d 417 498 4e0-4e1 2c9c-2c9d 2cc4-2cc5 2ccc-2ccd a76b",
        "4": "13ce ab9e",
        "6": "3ec 431 13ee 2cd2-2cd3 2cdc-2cdd abbe",
        "7": "104d2 104fa",
        "8": "1031a",
        "9": "2cca-2ccb a76f",
        "a": "391 3b1 410 430 13aa a4ee-a4ef ab7a",
        "ae": "4d4-4d5",
        "b": "185 392 3b2 411-412 42c 432 44c 462-463 48c-48d 13cf 13f0 13f4 13f8 13fc 2c82-2c83 a4d0 a7d7 ab9f 10301",
        "bl": "42b 44b",
        "c": "37d 3ff 421 441 4aa-4ab 511 13df 2c88-2c89 2ca4-2ca5 a4da ab9b abaf 10302 10415 10429 1043d",
        "d": "500-501 13a0 13e7 a4d2-a4d3 ab70 abb7",
        "e": "395 3b5 3f5 404 415 435 437 454 499 4bc-4bf 4d8-4d9 510 13ac 13cb a4f0-a4f1 ab7c 10401",
        "f": "3dc-3dd 554 584 a4dd",
        "g": "50c-50d 551 581 13c0 13f3 13fb a4d6 ab90",
        "h": (
            "397 40b 41d 43d 45b 4a2-4a3 4ba-4bb 4c7-4ca 540 570 13bb 13c2 13f2 13fa 2c8e-2c8f a4e7 a694-a695 ab8b ab92"
        ),
        "i": "399 3b9 406 456 4c0 4cf 552 582 13a5 2c93 a4f2 a646-a647 ab75 10309",
        "j": "37f 3f3 408 458 545 575 13ab a4d9 ab7b",
        "k": "39a 3ba 41a 43a 49a-49b 49e-49f 13e6 2c94-2c95 a4d7 abb6",
        "l": "13de 2c92 2cd0-2cd1 a4e1 abae 1041b 10443",
        "lo": "42e 44e",
        "m": "39c 3bc 3fa-3fb 41c 43c 4cd-4ce 54a 57a 13b7 2c98 a4df 10311",
        "n": "376-377 39d 3b7 418 438 542 548 54c 572 578 57c 2c9a-2c9b a4e0 10425 1044d",
        "o": (
            "37b 398 39f 3a3 3b8 3bf 3c3 3ed 3fd 41e 43e 472-473 4e8-4e9 555 585 13a4 13be 13eb 2c90-2c91 "
            "2c9e-2c9f a4db a4f3 ab74 ab8e abbb 10404 10423 1042c 1044b 104c2 104ea"
        ),
        "oo": "a698-a699",
        "p": "3a1 3c1 3f7-3f8 420 440 13e2 1d29 2ca2-2ca3 2cce-2ccf a4d1 abb2 104c4 104ec",
        "q": "51a-51b 533 536 563 566",
        "r": "413 42f 433 44f 492-493 13a1 13b1 13d2 1d26 2c84-2c85 a4e3 ab71 ab81 aba2 104b4 104dc",
        "s": "3e9 405 455 54f 57f 13d5 13da a4e2 a645 aba5 abaa 10420 10448",
        "t": "3a4 3c4 422 442 4ac-4ad 13a2 13bf 2ca6-2ca7 a4d4 ab72 ab8f 10315",
        "t3": "a729",
        "u": "289 3c5 40f 45f 54d 57d 13cc a4f4 a79e ab9c 104ce 104f6",
        "v": "19b 39b 3bb 3bd 41b 43b 474-475 4c5-4c6 13d9 1d27 2c96-2c97 a4e5-a4e6 a7db aba9 104b0 104d8",
        "w": "3c9 428 448 460-461 47c-47d 51c-51d 531 561 13b3 13d4 2c99 2cbc-2cbd a4ea ab83 ab87 aba4",
        "x": "3a7 3c7 425 445 4b2-4b3 2cac-2cad a4eb ab53 10317",
        "y": "194 393 3a5 3b3 423 443 4ae-4b1 13a9 13bd 2ca8-2ca9 a4ec ab79 ab8d",
        "z": "396 3b6 13c3 2c8c-2c8d a4dc ab93",
    }
)
"""Letters of alphabets that can imitate a whole Latin word."""

OTHERS: Mapping[str, str] = MappingProxyType(
    {
        "!": "a1 2755 2757 2d51",
        "$": "1f10f 1f4b2",
        "10": "23e8",
        "2": "14bf a6ef",
        "3": "118aa 118ca 16f3b 1d206",
        "4": "118af 118cf",
        "5": "118bb 118db",
        "6": "118d5",
        "7": "118c6 1d212",
        "8": "1e8cb",
        "9": "118ac 118b6 118cc 118d6",
        "a": "15c4-15c5 2200 2376 237a 102a0 16f40 1d217",
        "ar": "1f707",
        "b": "1472-1473 15af 15f7 10282 102a1 16eb6 16ed1",
        "c": "a2 1004 105a 20a1 22f4 2377 102a2 1051c 118ce 118f2 1f16e 1f74c",
        "d": "146f 15de 15ea 20ab",
        "e": "20ac 212e 2203 22ff 2d39-2d3a 10286 118a6 118ae 16f2d 1d221",
        "f": "15b4 15b7 10287 102a5 10525 118a2 118c2 1d213 1d230",
        "h": "157c 102cf",
        "i": "16c1 2373 2378 118c3",
        "j": "148d",
        "k": "16d5 20ad 10518",
        "l": (
            "5c0 5d5 5df 625 627 673 7ca 14aa 2223 23fd 2d4f 1028a 10320 10526 118a3 118b2 118d2 11dda 16eaa "
            "16ec5 16f16 16f28 1d22a 1e8c7"
        ),
        "ll": "5f0 2016 2225 10199",
        "lls": "10198",
        "lt": "20b6",
        "m": "1223 15f0 16d6 20a5 102b0 11700",
        "mb": "1f76b",
        "n": "1018e 10513",
        "o": (
            "5e1 647 6be 6c1 6d5 6ff b20 d20 1010 101d 10d7 10ff 12d0 2183 2296 229d 236c 2b55 2d31 2d41 2d54 "
            "3007 10292 102ab 10516 118a8 118b5 118b7 118c8 118d7 1d21a 1f714"
        ),
        "oo": "221e",
        "p": "146d 2374 10295",
        "q": "2d55",
        "qe": "1f700",
        "r": "1587 2129 16f35 1d216",
        "s": "d1f 10296 118a1 118c1 16f3a",
        "sss": "1f75c",
        "t": "10a0 20ae 22a4 2361 27d9 2d00 10297 102b1 118bc 16f0a 1f768",
        "u": "1200 144c 162e 1634 2127 222a 22c3 118b8 118d8 16f42",
        "v": "5d8 142f 1431 2228 22c1 2d37-2d38 a6ce a6df 10197 1028d 1051d 11706 118a0 118c0 16f08 16f3d 1d20d 1f708",
        "vb": "1f76c",
        "w": "20a9 114c5 1170a 1170e-1170f 118ef",
        "x": "d7 1541 157d 166d-166e 16b7 2573 2716 274c 292b-292c 2a2f-2a30 2d5d 10196 10290 102b4 10322 10527 118ec",
        "y": "a5 10e7 102b2 118a4 118dc 16f43",
        "z": "102f5 118a9 118c4 118c9",
    }
)
"""Signs read as letters only beside Latin ones."""

FLAGS = frozenset(
    (
        "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs "
        "bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cp cq cr cu cv cw cx cy cz de dg dj dk dm do dz "
        "ea ec ee eg eh er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw "
        "gy hk hm hn hr ht hu ic id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz "
        "la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my "
        "mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru "
        "rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz ta tc td tf tg th tj tk tl tm tn "
        "to tr tt tv tw tz ua ug um un us uy uz va vc ve vg vi vn vu wf ws xk ye yt za zm zw"
    ).split()
)
"""Regions that have a flag."""
