"""The scripts of report pages: Chart.js 4.6.1 whole as published (MIT, chart.LICENSE.txt), and the project's own."""
