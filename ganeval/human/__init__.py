"""The eye as a judge: a timed real-or-fake test on one page, and the tally of what people answered.

    plan       what a test is, its id, and which of its pictures are real: a function of the id alone
    pictures   a few pictures of each set, drawn at random, with the fingerprint of the whole set
    form       all pictures brought to one size, one mode and one length in bytes
    page       the page: everything in one HTML file
    answers    what a person's browser saved, checked
    tally      error rates with Wilson intervals
    record     the score `human_error_rate` in a report
    views      the tables

After HYPE∞ (Zhou et al. 2019, arXiv:1904.01121): the share of wrong answers over real and fake pictures; 50 % is
chance. HYPE∞ gives unlimited time (`--seconds 0`); here a limited one is the default.
"""
