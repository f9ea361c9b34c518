"""What people see in a browser: pages that the server renders, and that it keeps as they are now.

A page is a `View`: a template around parts, each of which has an id in the page. When anything changes, the view
is made again, once for all who look at it with the same role, and the parts that differ are sent to them; so a
page has no truth of its own, and there is one way to render a thing, whether it was there or came later.
"""
