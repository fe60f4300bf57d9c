"""`python -m service.site OUT`: the pages as a folder of files, for any static host. They need no service there.

The app is asked in this process what pages ask for (`documents`), its answers become files (`recording`), its pages are
changed to look there (`pages`), and the folder is put in its place whole (`folder`). In the browser
`service/web/explorer/site.js` answers what pages ask.
"""
