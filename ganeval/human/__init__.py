"""Human evaluation: a timed real-or-fake test on one page, and the tally of the answers.

    plan            a test, its id, and which of its images are real: a function of the id alone
    images          a random subset of each set, with the fingerprint of the whole set
    image_format    one size, one mode and one length in bytes for all images
    page            the page: everything in one HTML file
    answers         the file that a participant's browser saves, validated
    tally           error rates with Wilson intervals
    add_to_report   the score `human_error_rate` in a report
    views           the tables

After HYPE∞ (Zhou et al. 2019, arXiv:1904.01121): the share of wrong answers over real and fake images; 50 % is chance.
HYPE∞ gives unlimited time (`--seconds 0`); here a limited time is the default.
"""
