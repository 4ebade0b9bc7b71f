"""Cases after a sale in the words of those who bought: what comes next, why, and how money went."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from oms_web.web.case_words import PHASES as SELLERS_PHASES

PHASES: dict[str, Any] = {
    **SELLERS_PHASES, "new": _l("we have received it"), "asked": _l("waits for your answer"),
}
REASONS: dict[str, Any] = {
    "changed_mind": _l("I changed my mind"), "too_small": _l("Too small"),
    "too_large": _l("Too large"), "not_described": _l("Not as described"),
    "wrong_item": _l("I got the wrong goods"), "damaged": _l("Damaged on the way"),
    "defect": _l("Faulty"), "incomplete": _l("Parts are missing"), "late": _l("Came too late"),
    "other": _l("Another reason"),
}
"""Reasons a buyer may give; a parcel that nobody took is told by its courier."""
METHODS: dict[str, Any] = {
    "transfer": _l("by bank transfer"), "cash": _l("in cash"),
    "provider": _l("the way you paid"), "channel": _l("through the marketplace you bought at"),
    "pages": _l("through the marketplace you bought at"), "credit": _l("as credit for purchases"),
}
# What goods have a name for, and what is taken off of them, is said with that name.
ITEMS: dict[str, Any] = {
    "delivery": _l("delivery"), "other": _l("another amount"), "reduced": _l("lower price"),
    "less": _l("taken off"),
}
GRADES: dict[str, Any] = {
    "B": _l("opened, whole"), "C": _l("used or marked"), "D": _l("does not work"),
}
WEAR = _l("You used the goods more than was needed to try them, and they lost value by it "
          "(art. 34 (4) of the Polish act on consumer rights, art. 14 (2) of directive "
          "2011/83/EU).")
NEXT: dict[str, Any] = {
    "off": _l("This case was called off. Nothing more happens in it."),
    "refused": _l("We have refused this request."),
    "ask": _l("We asked you something and wait for your answer. Look into your mail."),
    "judge": _l("Your goods are here. We are checking them now."),
    "paying": _l("We are preparing your money."),
    "approved": _l("Your money is approved. It has not gone yet."),
    "ordered": _l("Your money is being sent. Once it has gone, you see the day here."),
    "unsure": _l("We are finding out whether your money has gone. You need not do anything."),
    "paid_send": _l("We have paid back already. If the goods are still with you, send them back."),
    "delivery": _l("We have paid back for the goods. The cost of delivery is still to follow."),
    "in_part": _l("We have paid back a part of your money. The rest is still to follow."),
    "paid_part": _l("We have paid back for what came. The rest is paid once it arrives, or once "
                    "you prove that you sent it."),
    "paid": _l("We have paid back. There is nothing more for you to do."),
    "swap_both": _l("What you get instead leaves once the difference is paid and the goods you "
                    "send back are here and checked."),
    "swap_pay": _l("What you get instead leaves once the difference is paid."),
    "swap_wait": _l("What you get instead leaves once the goods you send back are here and "
                    "checked."),
    "swap_decide": _l("We have received and checked your goods. We are deciding how it goes on and "
                      "will write to you."),
    "swap_ready": _l("We are getting ready what you get instead."),
    "swap_send": _l("We have sent you other goods instead. Send the first ones back to us."),
    "swapped": _l("We have sent you other goods instead."),
    "send": _l("Send the goods back to us. If they are on their way already, there is nothing more "
               "for you to do."),
    "on_way": _l("Your parcel is on its way to us. When it is here, we check the goods."),
    "judged": _l("We have received and checked your goods. The money or the next step follows."),
    "decide": _l("We are looking into it and will write to you."),
    "answer": _l("We are looking into your complaint and will answer it."),
    "repair": _l("We have accepted your complaint: the goods will be repaired."),
    "replace": _l("We have accepted your complaint: you will get a replacement."),
    "reduce": _l("We have accepted your complaint: a part of the price goes back to you."),
    "refund": _l("We have accepted your complaint: your money goes back to you."),
    "closed": _l("This case is closed."),
}
GOODS: dict[str, Any] = {
    "expected": _l("with you, not sent yet as far as we know"), "on_way": _l("on the way to us"),
    "arrived": _l("with us, being checked"), "judged": _l("with us, checked"),
}
REFUNDS: dict[str, Any] = {
    "approved": _l("approved, not gone yet"), "sent": _l("being sent"),
    "unknown": _l("being looked into"), "done": _l("paid back"),
}
"""Where money is that goes back, by the state of its refund."""
