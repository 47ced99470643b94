#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Self-test of stats.py and of the table's arithmetic, with values worked out by hand."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stats  # noqa: E402
import report  # noqa: E402


class Stats(unittest.TestCase):
    def test_quantile(self):
        self.assertEqual(stats.quantile([5], 0.25), 5)
        self.assertEqual(stats.quantile([1, 2], 0.5), 1.5)
        self.assertEqual(stats.quantile([1, 2, 3, 4, 5], 0.25), 2)
        self.assertEqual(stats.quantile([1, 2, 3, 4], 0.75), 3.25)
        self.assertEqual(stats.quantile([1, 9], 1.0), 9)
        self.assertRaises(ValueError, stats.quantile, [], 0.5)

    def test_spread_sorts(self):
        s = stats.spread([9, 1, 5, 3, 7])
        self.assertEqual((s.median, s.q1, s.q3, s.n), (5, 3, 7, 5))

    def test_one_outlier_moves_nothing(self):
        a, b = stats.spread([1, 2, 3, 4, 5]), stats.spread([1, 2, 3, 4, 5000])
        self.assertEqual((a.median, a.q1, a.q3), (b.median, b.q1, b.q3))

    def test_pairs(self):
        self.assertEqual(stats.paired_ratios([2, 30], [1, 10]), [2, 3])
        self.assertRaises(ValueError, stats.paired_ratios, [1], [1, 2])

    def test_placement(self):
        self.assertEqual(stats.placement(60, 149.9), "near")
        self.assertEqual(stats.placement(150, 400), "far")
        self.assertIsNone(stats.placement(60, 400))
        self.assertIsNone(stats.placement(400, 60))

    def test_verdict(self):
        s = stats.Spread(1.0, 0.5, 1.5, 9)
        self.assertEqual(stats.verdict(s, 1.5), "met")
        self.assertEqual(stats.verdict(s, 1.2), "met (median)")
        self.assertEqual(stats.verdict(s, 0.9), "not met")
        self.assertEqual(stats.verdict(s, 0.5, at_most=False), "met")
        self.assertEqual(stats.verdict(s, 0.8, at_most=False), "met (median)")
        self.assertEqual(stats.verdict(s, 1.1, at_most=False), "not met")


class Report(unittest.TestCase):
    def test_times(self):
        self.assertEqual(report.ns(8.46), "8.5 ns")
        self.assertEqual(report.ns(2660), "2.66 us")
        self.assertEqual(report.ns(81236558), "81.2 ms")

    def test_table_lines_up(self):
        rows = [{"figure": "a", "native": "1", "kslice": "22", "bounce": "", "ratio": "x", "target": "", "verdict": ""}] * 2
        lines = report.table(rows).splitlines()
        self.assertEqual(len({len(x.rstrip()) > 0 for x in lines}), 1)
        self.assertEqual(lines[2].index("22"), lines[0].index("kslice"))


if __name__ == "__main__":
    unittest.main()
